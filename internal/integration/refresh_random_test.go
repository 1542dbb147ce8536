//go:build integration && linux

package integration

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// killAnytime kills processes that refresh and others that wait for them, whenever it may be: for what nobody thought of.
func (v *victims) killAnytime(t *testing.T) {
	const rounds, processes = 100, 3
	whole := v.run(t, "token", "get", "--force-refresh").took
	killed := 0
	for range rounds {
		v.begin(t, moment{sent: true})
		v.set(func() { v.takes = rand.N(whole) })
		killed += v.killed(t, processes, 2*whole, "token", "get", "--force-refresh")
		v.set(func() { v.takes = 0 })
		v.isAlive(t, v.user)
	}
	if killed < rounds {
		t.Errorf("only %d processes of %d were killed before their end", killed, rounds*processes)
	}
}

// killed starts n runs at once, kills each within the given time, and counts those that had not ended by themselves.
func (u *user) killed(t *testing.T, n int, within time.Duration, args ...string) int {
	t.Helper()
	var died atomic.Int32
	var wg sync.WaitGroup
	for range n {
		cmd := u.command(t.Context(), args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(rand.N(within), func() { _ = cmd.Process.Kill() })
		wg.Go(func() {
			_ = cmd.Wait()
			timer.Stop()
			if !cmd.ProcessState.Exited() {
				died.Add(1)
			}
		})
	}
	wg.Wait()
	return int(died.Load())
}
