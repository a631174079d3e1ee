"""预测: who will cross a line within a month if the year goes on at its pace, and how often that was right."""
