@echo off
rem Double-click to open the dashboard on this computer, for this computer alone: http://127.0.0.1:8501
rem Whoever else is logged on to this computer could open it too: not on Citrix, Azure Virtual Desktop or Remote Desktop (docs/hosting.md, part 11).
rem Needs no administrator and no PowerShell. The first start installs what requirements.txt locks into .venv, beside this project.
cd /d "%~dp0..\.."
start "" /min cmd /c "timeout /t 25 >nul & start http://127.0.0.1:8501"
py -3.11 tasks.py run || pause
