package config

import (
	"path/filepath"
	"runtime"
	"strings"

	"github.com/authctl/authctl/internal/fault"
)

// Path tells where profiles.yaml is, whether or not it exists: flag (of --config), else AUTHCTL_CONFIG, else the
// user's own folder of configuration. A folder that is not absolute is ignored, as the XDG specification asks.
func (l *Loader) Path(flag string) (string, error) {
	if flag != "" {
		return l.fromHome(flag), nil
	}
	if path := l.env("AUTHCTL_CONFIG"); path != "" {
		return l.fromHome(path), nil
	}
	for _, dir := range l.folders(runtime.GOOS) {
		if filepath.IsAbs(dir) {
			return filepath.Join(dir, "authctl", "profiles.yaml"), nil
		}
	}
	return "", fault.New(fault.Config, "config.no_home", "the home folder is unknown, so profiles.yaml cannot be found").
		Hint("name it with --config FILE or AUTHCTL_CONFIG")
}

func (l *Loader) folders(goos string) []string {
	if goos == "windows" {
		return []string{l.env("XDG_CONFIG_HOME"), l.env("AppData")}
	}
	if l.Home == "" {
		return []string{l.env("XDG_CONFIG_HOME")}
	}
	return []string{l.env("XDG_CONFIG_HOME"), filepath.Join(l.Home, ".config")}
}

// env gives a variable; an empty one counts as not set.
func (l *Loader) env(name string) string {
	value, _ := l.Getenv(name)
	return value
}

// fromHome expands a leading ~, which a shell leaves alone in --config=~/x.
func (l *Loader) fromHome(path string) string {
	rest, ok := strings.CutPrefix(path, "~")
	if ok && l.Home != "" && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator) {
		return filepath.Join(l.Home, rest)
	}
	return path
}
