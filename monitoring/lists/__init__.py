"""其他名单: withdrawals, serious diseases, new monitored people, burden outside the catalogue; told monthly."""
