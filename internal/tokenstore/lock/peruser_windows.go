package lock

import (
	"os"
	"path/filepath"
)

func perUser() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "authctl", "lock"), nil
}
