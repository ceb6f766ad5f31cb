"""Frames -> documents: the supervision sheet, the director's pack, the Care Planning Meeting Record. One file a document."""
