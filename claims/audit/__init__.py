"""复核差异: what the platform paid beside ours, why it differs, and what was answered; protection reports."""
