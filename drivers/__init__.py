"""Devices: scanners and receipt printers. Knows nothing of loyalty and imports nothing of ours."""
