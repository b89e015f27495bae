"""Where wings meet: what a source holds becomes alerts in the store, each exactly once."""
