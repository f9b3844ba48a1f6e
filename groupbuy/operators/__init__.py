"""What runs the site: people, leaders, jobs, messages, settings."""
