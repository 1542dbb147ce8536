package memory_test

import (
	"testing"

	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/memory"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

func TestMemoryKeepsTheStoresPromises(t *testing.T) {
	storetest.Run(t, func(*testing.T) tokenstore.Store { return memory.New() })
}
