//go:build unix

// Command bench measures authctl against its peers in one run and prints one table of ratios: only ratios hold on a
// machine that others use as well. It works in folders and on a session bus of its own.
//
//	bench AUTHCTL
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 3 && args[0] == "serve": // how the runner starts the server that it measures against
		return serve(ctx, args[1], args[2])
	case len(args) != 1:
		return errors.New("usage: bench AUTHCTL")
	}
	program, err := filepath.Abs(args[0])
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(quietDisk(), "authctl-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b, err := newBench(ctx, program, dir)
	if err != nil {
		return err
	}
	defer b.close()
	return b.all(ctx)
}

// all measures everything; a peer that is not installed leaves its rows out, loudly.
func (b *bench) all(ctx context.Context) error {
	t := newTable(os.Stdout)
	for _, measure := range []func(context.Context, *table) error{
		b.starts, b.cachedFile, b.calls, b.wrapper, b.transfers, b.batches, b.proxies, b.stampedeFile, b.keyring,
	} {
		if err := measure(ctx, t); err != nil {
			return err
		}
	}
	return t.verdict()
}

// quietDisk is a folder in memory where there is one: what is written to a disk waits for whoever else writes there.
func quietDisk() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}
