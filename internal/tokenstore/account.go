package tokenstore

// Account is the short name under which a record of the key lies: the keyring item's account and the file's name.
// It is the key's first 32 hex digits, 128 bits, so that a name fits everywhere and can never be a path. False means
// that the key is none of profile.Identity.Key: 64 lower-case hex digits.
func Account(key string) (string, bool) {
	if len(key) != 64 || !isHex(key) {
		return "", false
	}
	return key[:32], true
}

// IsAccount reports whether a name has the form of an account, in either case since some keyrings ignore it.
func IsAccount(name string) bool {
	lower := []byte(name)
	for i, c := range lower {
		if 'A' <= c && c <= 'F' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return len(lower) == 32 && isHex(string(lower))
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
