"""Inspector: a web page on the mock's own port that shows the received deliveries (`app.Inspector`)."""
