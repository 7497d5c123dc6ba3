"""The parts of a report: what its runs are, its tables, its pictures, and the numbers that papers state."""
