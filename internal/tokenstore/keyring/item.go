package keyring

import (
	"encoding/base64"
	"strings"
)

// An item's value is text of the base64url alphabet behind a prefix that says what it is: some keyrings take a value
// for text and change other bytes.
const (
	recordPrefix = "A1." // a record
	keyPrefix    = "K1." // the master key of the overflow files
	namesPrefix  = "N1." // the accounts that hold users' secrets
	// pointer stands for a record that lies in the overflow file.
	pointer = "A1>sealed"
)

func wrap(prefix string, data []byte) string {
	return prefix + base64.RawURLEncoding.EncodeToString(data)
}

// unwrap gives nil for a value of another kind or one that was altered.
func unwrap(prefix, value string) []byte {
	text, ok := strings.CutPrefix(value, prefix)
	if !ok {
		return nil
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil
	}
	return data
}

// limit is the longest value that the platform's keyring takes: the size of a Windows credential, what fits into a
// command line of macOS `security`, and on Linux what the daemon rewrites with every change of the collection.
func limit(goos string) int {
	switch goos {
	case "windows":
		return 2560
	case "darwin":
		return 2900
	}
	return 64 << 10
}
