-- Announces that a signing key was retired.
-- KEYS[1]: the stream of revocations.  ARGV: key id, life of tokens in ms.
publish(KEYS[1], 'kid', ARGV[1], ARGV[2])
