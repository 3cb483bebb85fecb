"""HTTP shapes of scheduling: `resources` are the chain's people and places, `bookings` what happens with them."""
