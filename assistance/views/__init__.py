"""Pages of applications: lists, intake, the case and its moves, the panel room, questions, papers to print."""
