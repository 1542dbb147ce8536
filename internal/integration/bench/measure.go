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

// once runs the command and reports what it printed if it did not succeed. What is timed is the process alone: its
// files are open by then, and no goroutine watches it.
func (c command) once(ctx context.Context) (sample, error) {
	program, err := exec.LookPath(c.argv[0])
	if err != nil {
		return sample{}, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return sample{}, err
	}
	defer func() { _ = null.Close() }()
	stderr, err := os.CreateTemp("", "bench-stderr-") // a pipe and who empties it would be measured with each run
	if err != nil {
		return sample{}, err
	}
	defer func() { _ = errors.Join(stderr.Close(), os.Remove(stderr.Name())) }()
	_ = os.Remove(c.out)

	start := time.Now()
	process, err := os.StartProcess(program, c.argv, &os.ProcAttr{Env: c.env, Files: []*os.File{null, null, stderr}})
	if err != nil {
		return sample{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = process.Kill() })
	state, err := process.Wait()
	s := sample{took: time.Since(start)}
	stop()
	if err != nil {
		return sample{}, err
	}
	switch usage, ok := state.SysUsage().(*syscall.Rusage); {
	case !state.Success():
		said, _ := os.ReadFile(stderr.Name())
		return sample{}, fmt.Errorf("%v: %v\n%s", c.argv, state, said)
	case ok:
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
