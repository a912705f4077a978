"""Photographs of houses: files of the data folder by their content's hash, told to nobody with their position."""
