//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// command is one side of a comparison.
type command struct {
	name string
	env  []string
	argv []string
	out  string // a file that it writes, which each run writes anew; may be empty
}

// sample is what one run cost.
type sample struct {
	took time.Duration
	peak int64 // bytes resident, at most
}

// once runs the command and reports what it printed if it did not succeed.
func (c command) once(ctx context.Context) (sample, error) {
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Env = c.env
	// A file, not a buffer: a pipe and who empties it would be measured with each run.
	stderr, err := os.CreateTemp("", "bench-stderr-")
	if err != nil {
		return sample{}, err
	}
	defer func() { _ = errors.Join(stderr.Close(), os.Remove(stderr.Name())) }()
	cmd.Stderr = stderr
	_ = os.Remove(c.out)
	start := time.Now()
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(stderr.Name())
		return sample{}, fmt.Errorf("%v: %w\n%s", c.argv, err, said)
	}
	s := sample{took: time.Since(start)}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.peak = usage.Maxrss * rssUnit
	}
	return s, nil
}

// alternate runs both sides in turn, so that the machine's moods hit both; the first turn is not counted.
func alternate(ctx context.Context, ours, peer command, n int) (our, their []sample, err error) {
	for i := range n + 1 {
		a, err := ours.once(ctx)
		if err != nil {
			return nil, nil, err
		}
		b, err := peer.once(ctx)
		if err != nil {
			return nil, nil, err
		}
		if i > 0 {
			our, their = append(our, a), append(their, b)
		}
	}
	byTime := func(a, b sample) int { return int(a.took - b.took) }
	slices.SortFunc(our, byTime)
	slices.SortFunc(their, byTime)
	return our, their, nil
}

func median(sorted []sample) time.Duration { return sorted[len(sorted)/2].took }

func peak(samples []sample) int64 {
	return slices.MaxFunc(samples, func(a, b sample) int { return int(a.peak - b.peak) }).peak
}
