# SPDX-License-Identifier: GPL-3.0-or-later
"""Container images without a registry: docker archives made of files from Debian's packages."""

from lab.images.build import ImageError, ensure_images
from lab.images.recipe import Image, ImagesRecipe

__all__ = ["Image", "ImageError", "ImagesRecipe", "ensure_images"]
