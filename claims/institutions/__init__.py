"""The register of designated institutions 定点医药机构, what each bears, and the reports about them."""
