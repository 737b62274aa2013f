"""One SQL model per published table; the head comment of each is its definition."""
