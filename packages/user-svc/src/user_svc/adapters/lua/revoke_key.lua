-- Publishes that a signing key was retired.
-- KEYS[1]: the stream of revocations.  ARGV: key id, lifetime of tokens in ms.
publish(KEYS[1], 'kid', ARGV[1], ARGV[2])
