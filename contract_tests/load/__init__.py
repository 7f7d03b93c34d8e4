"""Results of a campaign: the audit of what the receiver kept, the reports, and their comparison."""
