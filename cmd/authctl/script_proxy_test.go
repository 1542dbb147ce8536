package main

import (
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// awaitCmd is `await FILE NAME`: as soon as FILE, which a program in the background writes, holds a line, $NAME is it.
func awaitCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE NAME")
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(ts.MkAbs(args[0]))
		if line, _, whole := strings.Cut(string(text), "\n"); whole {
			ts.Setenv(args[1], line)
			return
		}
	}
	ts.Fatalf("no line in %s", args[0])
}
