//go:build unix && !darwin

package main

// rssUnit is the unit of getrusage's peak. What a child inherits of its parent's peak stays below what is measured:
// this program is small, and the server runs apart.
const rssUnit = 1 << 10
