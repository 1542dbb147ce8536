package config

import "io/fs"

const nonblock = 0

// Windows keeps a user's profile folder from others by access lists that it inherits; mode bits say nothing there.

func ownedByOther(fs.FileInfo, int) bool { return false }

func writableByOthers(fs.FileInfo) bool { return false }

func isPrivate(fs.FileInfo) bool { return true }
