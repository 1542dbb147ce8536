package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

// visit is the person's browser: it opens an address and goes where that leads.
func visit(args []string) int {
	res, err := http.Get(args[len(args)-1])
	if err != nil {
		fmt.Println(err)
		return 1
	}
	_ = res.Body.Close()
	return 0
}

// paster is a person without a browser on this machine: `paster address|code ARG...` runs authctl with the arguments,
// opens the address that it prints elsewhere, and hands back the address that this ends at, or the code in it.
func paster(args []string) int {
	cmd := exec.Command("authctl", args[2:]...)
	cmd.Stdout = os.Stdout
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StderrPipe()
	if err := cmd.Start(); err != nil {
		return 1
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(os.Stderr, lines.Text())
		if strings.HasPrefix(lines.Text(), "http") {
			_, _ = fmt.Fprintln(in, elsewhere(args[1], lines.Text()))
			_ = in.Close()
		}
	}
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

func elsewhere(what, address string) string {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(address)
	if err != nil {
		return err.Error()
	}
	_ = res.Body.Close()
	end, err := res.Location()
	switch {
	case err != nil:
		return err.Error()
	case what == "code":
		return end.Query().Get("code")
	case what == "forged":
		return strings.Replace(end.String(), "state=", "state=x", 1)
	}
	return end.String()
}
