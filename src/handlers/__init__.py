"""What the functions share: what they tell operators, their settings, their buckets, how they answer HTTP."""
