from pages._shared import frame
view = frame.view()
frame.title("Soon", view)
