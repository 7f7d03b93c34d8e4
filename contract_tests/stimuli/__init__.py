"""What the rules send, a file for each class of delivery; http, stories and signatures are about how it is sent."""
