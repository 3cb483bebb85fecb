"""The services. Each owns its database and its rules; they meet only on Kafka topics and a few listed reads."""
