package sandbox

import (
	"maps"
	"slices"
	"sync"
)

// counts is how often each route was asked. Every route is there from the start, so that a script can read a zero.
type counts struct {
	mu sync.Mutex
	n  map[string]int
}

func newCounts() *counts { return &counts{n: make(map[string]int)} }

func (c *counts) know(route string) { c.add(route, 0) }

func (c *counts) add(route string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[route] += n
}

func (c *counts) of(route string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[route]
}

// members are all counts, sorted by route.
func (c *counts) members() members {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(members, 0, len(c.n))
	for _, route := range slices.Sorted(maps.Keys(c.n)) {
		out = append(out, member{route, c.n[route]})
	}
	return out
}
