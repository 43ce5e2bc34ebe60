"""The layers that a request passes on its way in, a file each; app.py declares their order."""
