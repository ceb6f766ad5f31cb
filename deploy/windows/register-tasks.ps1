# Tells the Task Scheduler what to do at night, for the account that runs this, without administrator rights:
#   powershell -File deploy\windows\register-tasks.ps1 -Inbox D:\cpm-inbox -Backups E:\cpm-backups
# Where scripts are forbidden by policy: docs/hosting.md gives the same by hand. To take the tasks away: -Remove
[CmdletBinding()]
param(
    [string] $Inbox,
    [string] $Backups,
    [switch] $Remove
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$night = Join-Path $PSScriptRoot 'night.cmd'
$tasks = @(
    @{ Name = 'CPM night load'; What = 'load'; Folder = $Inbox; At = '02:30' },
    @{ Name = 'CPM night backup'; What = 'backup'; Folder = $Backups; At = '04:00' }
)

foreach ($task in $tasks) {
    if ($Remove) {
        Unregister-ScheduledTask -TaskName $task.Name -Confirm:$false -ErrorAction SilentlyContinue
        continue
    }
    if (-not $task.Folder) {
        Write-Warning "$($task.Name): no folder given, so not registered."
        continue
    }
    $action = New-ScheduledTaskAction -Execute $night -Argument ('{0} "{1}"' -f $task.What, $task.Folder)
    $trigger = New-ScheduledTaskTrigger -Daily -At $task.At
    # Runs while this person is signed in to Windows; a machine that was off catches up.
    $settings = New-ScheduledTaskSettingsSet -StartWhenAvailable -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries `
        -MultipleInstances IgnoreNew -ExecutionTimeLimit (New-TimeSpan -Hours 2)
    Register-ScheduledTask -TaskName $task.Name -Action $action -Trigger $trigger -Settings $settings -Force | Out-Null
    Write-Output "$($task.Name): every day at $($task.At)."
}
