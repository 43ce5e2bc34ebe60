"""The status page of the admin port: what this process has counted anyway, as a picture that moves."""
