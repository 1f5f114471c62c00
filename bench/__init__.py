"""What the product can do, measured beside its peers in the same run."""
