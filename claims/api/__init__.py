"""The API for hospitals: who someone is today, what a bill would come to, a bill for the bureau."""
