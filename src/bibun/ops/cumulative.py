"""Running sums and products, and the product along axes."""
