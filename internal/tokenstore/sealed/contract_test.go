package sealed_test

import (
	"bytes"
	"testing"

	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/sealed"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

func TestSealedFilesKeepTheStoresPromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T) tokenstore.Store { return sealed.Open(t.TempDir(), fixed(1)) })
}

func fixed(b byte) sealed.KeySource {
	return sealed.FixedKey(bytes.Repeat([]byte{b}, sealed.KeyLen))
}
