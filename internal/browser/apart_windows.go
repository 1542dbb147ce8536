package browser

import (
	"os/exec"
	"syscall"
)

// apart keeps the console's Ctrl-C from the browser.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
