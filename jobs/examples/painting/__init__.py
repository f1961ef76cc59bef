"""The two example pictures, painted with numbers."""
