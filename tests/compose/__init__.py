"""The platform in containers, as `just test-compose` runs it: a real engine, real images, the end-to-end suite."""
