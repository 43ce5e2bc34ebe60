"""Access tokens: from the text to the principal, by the keys of their issuer."""
