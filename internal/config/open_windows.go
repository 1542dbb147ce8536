package config

import (
	"io/fs"
	"os"
)

const nonblock = 0

// Windows keeps a user's profile folder from others by access lists that it inherits; mode bits say nothing there.

func ownedByOther(fs.FileInfo, int) bool { return false }

func keepGroup(*os.File, fs.FileInfo) {}

func writableByOthers(fs.FileInfo) bool { return false }

func isPrivate(fs.FileInfo) bool { return true }
