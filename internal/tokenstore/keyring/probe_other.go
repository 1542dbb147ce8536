//go:build !linux

package keyring

import "context"

// Probe says whether a keyring answers. Here one always does: it is part of the system.
func Probe(context.Context, func(name string) string) (State, error) { return Ready, nil }
