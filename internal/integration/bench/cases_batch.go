//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const batchRequests = 2000

// batches compares many small requests with the best that curl can do: 8 or 50 transfers at a time, both protocols.
func (b *bench) batches(ctx context.Context, t *table) error {
	if !t.has("batch", "apt-get install -y curl", "curl") {
		return nil
	}
	lines := filepath.Join(b.dir, "lines.ndjson")
	if err := os.WriteFile(lines, []byte(strings.Repeat(`{"path":"/small"}`+"\n", batchRequests)), 0o600); err != nil {
		return err
	}
	var ours, theirs []sample
	for _, s := range b.servers() {
		for _, parallel := range []int{8, 50} {
			peer, err := b.curl(ctx, s.profile, s.ca, "--parallel", "--parallel-max", strconv.Itoa(parallel),
				"-o", "/dev/null", fmt.Sprintf("%s/small?[1-%d]", s.url, batchRequests))
			if err != nil {
				return err
			}
			our, their, err := alternate(ctx, b.authctl(b.env, "call", "--batch", lines, "-p", s.profile), peer, 7)
			if err != nil {
				return err
			}
			ours, theirs = quicker(ours, our), quicker(theirs, their)
		}
	}
	t.compare(fmt.Sprintf("%d small GETs, --batch", batchRequests), "curl, best", ours, theirs, 0.9)
	return nil
}

func quicker(a, b []sample) []sample {
	if a == nil || median(b) < median(a) {
		return b
	}
	return a
}

// wrapper compares authctl curl with what it replaces: a warm token get, and curl with the header in a file.
func (b *bench) wrapper(ctx context.Context, t *table) error {
	if !t.has("authctl curl", "apt-get install -y curl", "curl") {
		return nil
	}
	header := filepath.Join(b.dir, "h1.header")
	script := `"$1" token get -p h1 --format header >"$2" && exec curl -q -sS --fail --cacert "$3" -H "@$2" "$4/small"`
	peer := command{name: "both by hand", env: b.env, argv: []string{"/bin/sh", "-c", script, "sh", b.program, header, b.h1CA, b.h1}}
	ours := b.authctl(b.env, "curl", "-p", "h1", "--", "-sS", "--fail", "/small")
	our, their, err := alternate(ctx, ours, peer, 50)
	if err != nil {
		return err
	}
	more := median(our) - median(their)
	t.state("authctl curl over both by hand", fmt.Sprintf("%+.2f ms", float64(more.Microseconds())/1000), "<=5 ms", more <= 5*time.Millisecond)
	return nil
}
