"""The platform in containers (`just test-compose`): a real engine, real images, and the end-to-end suite."""
