package keyring_test

import (
	"testing"

	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/keyring"
	"github.com/authctl/authctl/internal/tokenstore/keyring/keyringtest"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

func TestAKeyringOfEveryPlatformKeepsTheStoresPromises(t *testing.T) {
	for platform, limit := range map[string]int{"windows": 2560, "darwin": 2900, "linux": 64 << 10} {
		t.Run(platform, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) tokenstore.Store {
				return keyring.Open(keyring.Config{Backend: &keyringtest.Fake{Limit: limit}, Dir: t.TempDir(), Limit: limit})
			})
		})
	}
}
