package main

import "os"

func terminating() []os.Signal { return []os.Signal{os.Interrupt} }

func outliveReaders() {}

func number(os.Signal) int { return 2 }
