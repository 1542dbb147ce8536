package secret

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the console's Ctrl-C from the command, which ends with the caller's context instead.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}
