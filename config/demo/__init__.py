"""The demo: its data and the runner that starts everything on one machine."""
