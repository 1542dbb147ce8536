//go:build unix

package browser

import (
	"os/exec"
	"syscall"
)

// apart gives the browser a session of its own: Ctrl-C on the login does not end it, and it cannot reach the terminal.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
