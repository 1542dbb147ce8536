// Command hello is the yardstick of make bench: the least that a Go program costs to start.
package main

import "os"

func main() { _, _ = os.Stdout.WriteString("hello\n") }
